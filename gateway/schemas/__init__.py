"""JSON Schemas: lowering for each kind of server, and repair and validation of arguments."""
