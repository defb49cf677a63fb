"""What coding agents read of builds and report about them."""
