"""Tables from run records; nothing here knows how a run is made."""
