"""What every page is tried with, whether there is a browser or not."""

from __future__ import annotations

AXE = "axe-core@4.14.1"
HOSTILE = (
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "\"><svg onload=document.title='taken'>",
    "'-alert(1)-'",
    "</style><style>*{display:none}",
    "<!--<script>",
    "{{ script }}",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066\u200b",
    "\x1b[31mred\x1b[0m\x00",
    "one\u2028two\u2029three",
    "&lt;b&gt;&amp;",
    "\ud800",
)
