"""The paper's figures, drawn by matplotlib."""
