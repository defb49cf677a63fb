"""From lines to patterns: headers, events, severity, masks, templates."""
