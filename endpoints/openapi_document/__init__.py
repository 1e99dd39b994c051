"""The OpenAPI document: a module for each group of routes, and what they share.

A new route is a row in its group's `paths`; a new group is a module with a `GROUP`, listed in
`document.GROUPS`.
"""
