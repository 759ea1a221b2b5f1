"""Tables, figures and a page from run records; nothing here knows how a run is made."""
