"""From a CI log to a diagnosis: cleaning, steps, what the tools say, category, cause, evidence."""
