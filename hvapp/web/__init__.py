"""The Flask side: JSON for tablets, pages for supervisors and administrators."""
