"""What both apps are built on: input in order, contained faults, fixes of Textual, screens."""
