# SPDX-License-Identifier: Apache-2.0
#
# What style.sh asks of C files, line by line. Comments and strings are blanked first, so that words
# in them are not taken for code; clang-format has put every brace of a function into column one.

function complain(line, what) {
	printf "%s:%d: %s\n", file, line, what
}

# Blanks strings and comments of one line; in_comment lives across lines.
function code_of(text,   out, i, two, c, quote) {
	out = ""
	quote = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		two = substr(text, i, 2)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				i++
			}
		} else if (quote != "") {
			if (c == "\\")
				i++
			else if (c == quote)
				quote = ""
		} else if (two == "/*") {
			in_comment = 1
			i++
		} else if (two == "//") {
			if (FNR > 1 || file !~ /\.c$/)
				complain(FNR, "'//' is for the SPDX line of a .c file only")
			break
		} else if (c == "\"" || c == "'") {
			quote = c
			out = out c
		} else
			out = out c
	}
	return out
}

function columns(text,   i, n) {
	n = 0
	for (i = 1; i <= length(text); i++)
		n = substr(text, i, 1) == "\t" ? n + 8 - n % 8 : n + (substr(text, i, 1) !~ /[\200-\277]/)
	return n
}

function include_class(text) {
	if (text ~ /<bpf\// || text ~ /\.skel\.h"/)
		return 3
	if (text ~ /</)
		return 2
	return match(text, /"[^"]*"/) && substr(text, RSTART + 1, RLENGTH - 2) == own_header ? 1 : 4
}

function end_of_file() {
	if (file == "")
		return
	if (file ~ /\.c$/ && lines > 500)
		complain(lines, "a .c file stops at 500 lines, this one has " lines)
	if (file ~ /\.h$/ && lines > 150)
		complain(lines, "a header stops at 150 lines, this one has " lines)
	if (file ~ /\.h$/ && !pragma_once)
		complain(1, "a header has #pragma once")
	if (file ~ /^(user|bpf)\/.*\.c$/ && !opened)
		complain(2, "no comment after the SPDX line says what the file knows")
}

FNR == 1 {
	end_of_file()
	file = FILENAME
	in_comment = function_start = pragma_once = opened = first_seen = class = 0
	own_header = file
	sub(/^user\//, "", own_header)
	sub(/\.c$/, ".h", own_header)
	user = file ~ /^user\//
	main_file = file == "user/main.c" || file == "user/publish/main.c"
}

{
	lines = FNR
	before = in_comment
	code = code_of($0)
}

FNR > 1 && !first_seen && /[^ \t]/ {
	first_seen = 1
	opened = /^\/\*/
}

/^#pragma once/ { pragma_once = 1 }

columns($0) > 100 && !/"/ && !/https?:/ { complain(FNR, "longer than 100 columns") }

/^\{/ { function_start = FNR }
/^\}/ && function_start {
	if (FNR - function_start + 1 > 80)
		complain(function_start, "a function stops at 80 lines, this one has " FNR - function_start + 1)
	function_start = 0
}

code ~ /(^|[^A-Za-z0-9_.>])(strcpy|strcat|strncpy|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll|atof|gets|alloca)[ \t]*\(/ {
	complain(FNR, "forbidden call: " code)
}
code ~ /(^|[^A-Za-z0-9_])exit[ \t]*\(/ && !main_file && file !~ /^tests\// {
	complain(FNR, "exit() outside main.c: return the error")
}
code ~ /bpf_printk/ { complain(FNR, "bpf_printk in committed code") }
code ~ /_cleanup_[A-Za-z_]*(\(|[ \t])/ && code !~ /^#/ && code ~ /;[ \t]*$/ && code !~ /=/ {
	complain(FNR, "an owning local starts as NULL or -1: " code)
}
code ~ /_cleanup_/ && code ~ /[ \t]int [A-Za-z_]*fd = 0;/ { complain(FNR, "an fd starts as -1: " code) }

user && code ~ /(^|[^A-Za-z0-9_])u(8|16|32|64)([^A-Za-z0-9_]|$)/ {
	complain(FNR, "u8 to u64 are the kernel's words; user space has uint8_t to uint64_t")
}
user && code ~ /(^|[^A-Za-z0-9_])(sleep|usleep|nanosleep|clock_nanosleep)[ \t]*\(/ {
	complain(FNR, "nothing sleeps: use a timerfd")
}
# log.c alone keeps a level: messages are written from everywhere, below any owner.
user && file != "user/base/log.c" && (code ~ /^static [^()]*(;|=)/ || code ~ /^\t+static /) && code !~ /(^|[ \t])const[ \t]/ && code !~ /^\t*static (inline|_)/ {
	complain(FNR, "mutable static state: " code)
}
user && !before && /^#include/ && file ~ /\.c$/ {
	now = include_class($0)
	if (now < class)
		complain(FNR, "include order is own header, system, libbpf, rooms")
	class = now
}

END { end_of_file() }
