"""The `switchyard` command: the API's words, for people and for scripts."""
