"""How fast this program is on this machine, beside others: `make bench`. No part of the program."""
