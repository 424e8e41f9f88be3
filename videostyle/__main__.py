"""python -m videostyle"""

from videostyle.cli import main

main()
