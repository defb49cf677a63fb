"""What CI services say of their jobs, over webhooks and over their interfaces, as facts of builds."""
