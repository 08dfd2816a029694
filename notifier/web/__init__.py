"""The page: what a person sees and does in a browser, one module and its template a page."""
