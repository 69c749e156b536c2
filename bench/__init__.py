"""What the project promises about speed, runnable by anyone: each prints its figure beside its budget."""
