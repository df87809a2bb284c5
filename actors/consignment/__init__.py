"""The consignment: its papers, seals and trucks, its way through the gate, its holds and rules."""
