"""What the fleet manager decides with: orders, assignment, routing and traffic."""
