"""The base of both apps: input in order, contained faults, fixes of Textual, screens."""
