# cmake -DINPUT=… -DOUTPUT=… -DSYMBOL=… -P EmbedText.cmake: a C file that holds the text, with a NUL.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "0x([89a-f].)," "(char)0x\\1," bytes "${bytes}") # char may be signed
file(WRITE ${OUTPUT} "extern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {${bytes}0};\n")
