"""A site as small as can be; the commands run in the checkout, where the nearest configuration is."""

project = "Shop"
extensions = ["mwviz.plugins.sphinx"]
html_theme = "alabaster"
latex_elements = {"fontpkg": ""}
