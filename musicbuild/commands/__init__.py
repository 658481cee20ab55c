"""One module a verb, loaded only when it is called."""
