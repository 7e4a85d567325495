"""A field for files, for the forms of records. What was chosen is lost with a refused form: the
browser keeps no files, so the form says once that they must be chosen again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.operations.attachments import NewFile
from config.lib.forms import NOT_MY_NUMBER, KasaneForm
from config.lib.uploads import clean_file_name, max_bytes

MOST_FILES: Final = 5


class FilesInput(forms.FileInput):
    """Choose several files at once."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> list[File]:
        return list(files.getlist(name)) if files else []


class FilesField(forms.Field):
    """None, one or several files; gives a list."""

    widget = FilesInput

    def to_python(self, value: Any) -> list[File]:
        return list(value or [])


class FilesForm(KasaneForm):
    """The base of a form to whose record files may be attached."""

    attachments = FilesField(label=gettext_lazy("添付ファイル"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_number_declared = False
        super().__init__(*args, **kwargs)
        field, limit = self.fields["attachments"], filesizeformat(max_bytes())
        field.help_text = _(
            "一度に%(count)s個まで、1個%(limit)sまで。"
            "PDF、画像（PNG・JPEG・GIF）、Excel（xlsx）、Word（docx）、テキスト。"
            "保存したあとで、消したり差し替えたりはできません。"
        ) % {"count": MOST_FILES, "limit": limit}
        field.widget.attrs |= {
            "data-most-bytes": MOST_FILES * max_bytes(),
            "data-too-large": _(
                "ファイルが大きすぎます。1個%(limit)sまでのファイルを選び直してください。"
            )
            % {"limit": limit},
        }

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.errors:
            self.ask_for_files_again()

    def ask_for_files_again(self) -> None:
        """When the form comes back for another reason, say that the files did not."""
        if self.files and self["attachments"].data and not self.has_error("attachments"):
            self.add_error(
                "attachments",
                _("ほかに直すところがあります。添付するファイルも、もう一度選んでください。"),
            )

    def clean_attachments(self) -> list[NewFile]:
        """Check each file; the sentence names the one that may not be attached."""
        files: list[File] = self.cleaned_data["attachments"]
        if len(files) > MOST_FILES:
            raise ValidationError(
                _(
                    "添付できるのは一度に%(most)s個までです（いま%(count)s個）。"
                    "ファイルは、もう一度選んでください。"
                ),
                code="too_many",
                params={"most": MOST_FILES, "count": len(files)},
            )
        return [self._checked(file) for file in files]

    def _checked(self, file: File) -> NewFile:
        try:
            return NewFile.check(file)
        except ValidationError as error:
            if error.code == "my_number" and self._is_ticked(NOT_MY_NUMBER):
                self._is_number_declared = True
                return self._declared(file)
            raise _about(file, error) from error

    def _declared(self, file: File) -> NewFile:
        try:
            return NewFile.check(file, not_my_number=True)
        except ValidationError as error:
            raise _about(file, error) from error

    @property
    def not_my_number_fields(self) -> list[str]:
        """With the files, where that was needed for one of them (V16)."""
        return [*super().not_my_number_fields, *(["attachments"] * self._is_number_declared)]


def _about(file: File, error: ValidationError) -> ValidationError:
    return ValidationError(
        _("「%(name)s」：%(sentence)sファイルは、もう一度選んでください。"),
        code=error.code,
        params={"name": clean_file_name(file.name or ""), "sentence": error.messages[0]},
    )
