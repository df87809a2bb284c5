"""The consignment: its way through the gate, its holds, and the rules that it is under."""
