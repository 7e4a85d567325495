"""The annual evaluation as an .xlsx: figures with their definitions, breakdowns, indicators, months
with a chart. 庁内限り stands in the first row and in the printed header of every sheet (V12).

Text goes in as text: what begins with = + - @ never becomes a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from reports.enums import Section
from reports.figures import BY_KEY, FIGURES
from reports.pages import Report
from reports.pictures import parts_of

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHLY = ("new_consultations", "referrals", "visits", "events")
FIRST_ROW = 4  # below the mark, the title, when it was counted, and an empty row

Cell = str | Decimal | int | None


class Book:
    """A workbook whose sheets all begin the same way."""

    def __init__(self, report: Report, city: str) -> None:
        self.report, self.city = report, city
        self.buffer = io.BytesIO()
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book: Workbook = xlsxwriter.Workbook(self.buffer, options)
        font = {"font_name": "Yu Gothic", "valign": "top"}
        self.plain: Format = self.book.add_format({**font, "text_wrap": True})
        self.strong: Format = self.book.add_format({**font, "bold": True, "font_size": 14})
        self.mark: Format = self.book.add_format({**font, "bold": True, "font_color": "#ce0000"})
        self.head: Format = self.book.add_format(
            {**font, "bold": True, "bg_color": "#e8f1fe", "bottom": 1}
        )
        self.figure: Format = self.book.add_format({**font, "num_format": "#,##0.##"})
        self.whole: Format = self.book.add_format({**font, "num_format": "#,##0"})

    def sheet(self, name: str, heads: Sequence[str], widths: Sequence[int]) -> Worksheet:
        """A sheet with the mark, the title and its column heads; data from FIRST_ROW + 1."""
        mark = _("庁内限り")
        sheet = self.book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(FIRST_ROW)
        # & begins a code in headers: a city's name is text.
        title = f"{self.city}　{self.report.title}".replace("&", "&&")
        sheet.set_header(f"&L{mark}&R{title}")
        sheet.set_footer("&C&P / &N")
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(FIRST_ROW + 1, 1)
        sheet.write_string(0, 0, mark, self.mark)
        heading = _("%(city)s　評価と報告　%(year)s")
        title = heading % {"city": self.city, "year": self.report.title}
        sheet.write_string(1, 0, title, self.strong)
        sheet.write_string(
            2, 0, f"{self.report.counted}　{self.report.period}", self.book.add_format()
        )
        for column, head in enumerate(heads):
            sheet.write_string(FIRST_ROW, column, head, self.head)
        return sheet

    def row(self, sheet: Worksheet, number: int, cells: Sequence[Cell]) -> None:
        """Numbers as numbers, everything else as text."""
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(number, column, cell, self.plain)
            else:
                is_whole = cell == int(cell)
                value: Any = int(cell) if is_whole else float(cell)
                sheet.write_number(number, column, value, self.whole if is_whole else self.figure)


def workbook(report: Report, city: str) -> bytes:
    """The file's bytes."""
    book = Book(report, city)
    _figures(book)
    _indicators(book)
    _breakdowns(book)
    _months(book)
    book.book.close()
    return book.buffer.getvalue()


def _figures(book: Book) -> None:
    report = book.report
    heads = [_("区分"), _("項目"), _("数え方"), report.title, report.before, _("単位"), _("定義")]
    sheet = book.sheet(_("数字"), [*heads, _("キー")], [18, 30, 10, 12, 12, 8, 70, 26])
    for number, figure in enumerate(FIGURES, FIRST_ROW + 1):
        cells: list[Cell] = [
            str(Section(figure.section).label),
            str(figure.name),
            str(figure.way.label),
            report.counts.get((figure.key, "")),
            report.former.get((figure.key, "")),
            str(figure.unit),
            str(figure.definition),
            figure.key,
        ]
        book.row(sheet, number, cells)


def _indicators(book: Book) -> None:
    heads = [_("評価指標"), _("対象の機関"), _("値"), _("単位"), _("基準"), _("目標"), _("状況")]
    widths = [44, 20, 12, 8, 18, 24, 24, 16, 40]
    sheet = book.sheet(_("評価指標"), [*heads, _("出どころ"), _("注")], widths)
    for number, line in enumerate(book.report.indicators, FIRST_ROW + 1):
        cells: list[Cell] = [
            line.label,
            line.agency,
            line.value,
            line.unit,
            line.baseline,
            line.target,
            line.state,
            line.source,
            line.note,
        ]
        book.row(sheet, number, cells)


def _breakdowns(book: Book) -> None:
    report = book.report
    heads = [_("項目"), _("内訳"), _("区分"), report.title, report.before, _("単位")]
    sheet = book.sheet(_("内訳"), heads, [30, 18, 40, 12, 12, 8])
    number = FIRST_ROW
    for figure in FIGURES:
        for dimension in figure.dimensions:
            for part, value in parts_of(figure, dimension, report.counts):
                number += 1
                former = report.former.get((figure.key, f"{dimension.name}:{part}"))
                words = report.names.of(dimension, part)
                name, unit = str(figure.name), str(figure.unit)
                book.row(sheet, number, [name, str(dimension.title), words, value, former, unit])


def _months(book: Book) -> None:
    """Twelve months from April, and the chart drawn from them."""
    report, name = book.report, _("月別")
    figures = [BY_KEY[key] for key in MONTHLY]
    heads = [_("月"), *(f"{figure.name}（{figure.unit}）" for figure in figures)]
    sheet = book.sheet(name, heads, [10, 22, 22, 24, 22])
    for offset in range(12):
        month = (offset + 3) % 12 + 1
        part = f"month:{report.year + (month < 4)}-{month:02}"
        values = [report.counts.get((figure.key, part), Decimal(0)) for figure in figures]
        label = _("%(month)s月") % {"month": month}
        book.row(sheet, FIRST_ROW + 1 + offset, [label, *values])
    chart = book.book.add_chart({"type": "column"})
    if chart is None:  # only for a type of chart that does not exist
        return
    first, last = FIRST_ROW + 1, FIRST_ROW + 12
    for column in range(1, len(figures) + 1):
        chart.add_series(
            {
                "name": [name, FIRST_ROW, column],
                "categories": [name, first, 0, last, 0],
                "values": [name, first, column, last, column],
            }
        )
    chart.set_title({"name": f"{report.title}　{_('庁内限り')}"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 380})
    sheet.insert_chart(last + 2, 0, chart)
