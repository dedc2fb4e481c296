"""JSON Schemas: what a client declares -> what each kind of server takes, and arguments held against them."""
