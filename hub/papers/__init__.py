"""Two documents about the settings in force, as PDF: an impact assessment (GDPR, article 35) and a sheet for the works council.

    facts.py    what is in force, asked in one snapshot
    told.py     the facts as paragraphs, tables and blanks, in the reader's language; pure
    printed.py  pages, by typst
    routes.py   who may have them

What only the organisation can say is a blank. Whatever people typed reaches typst as data and never as markup.
"""
