"""The load that crosses: what its papers, seals and trucks say, and what that must look like."""
