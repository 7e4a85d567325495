"""ジェノグラム・エコマップ: from what a reader sees of a household to a picture and its table.

`facts` reads (through the gate), `derive` completes from 続柄 what is not written, `generations`,
`order`, `places`, `lines`, `frame` and `around` lay out, `picture` puts it together, `svg` says it
in shapes. All but `facts` are pure: no Django, no clock; the same input gives the same picture.
"""
