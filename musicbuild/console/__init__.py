"""Words and colours: how plans, events and errors are told to people and to programs."""
