"""The commands, one module per noun. Each parses, asks the API once or twice, and prints."""
