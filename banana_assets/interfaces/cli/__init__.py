"""The `banana` command. Each command is a module, imported only when it is called."""
