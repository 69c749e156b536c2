"""hvapp: home visits recorded offline, reviewed, and sent to the child's red book."""
