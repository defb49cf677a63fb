"""CI services: asking their interfaces, and proving that their webhooks are theirs."""
