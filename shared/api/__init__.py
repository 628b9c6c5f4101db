"""The API's answers, free of any web framework: requests and events in, responses out."""
