"""Decide: machines, their messages and effects, the site model, orders, assignment and traffic."""
