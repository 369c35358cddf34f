dnl For `pie install` and `phpize && ./configure && make && make install`: cargo builds the extension (Makefile.frag).
AC_PATH_PROG([CARGO], [cargo], [no])
if test "$CARGO" = no; then
  AC_MSG_ERROR([cargo is missing: rsso is written in Rust. docs/installing.md says which version it needs.])
fi
dnl For another PHP than the one of the PATH cargo has to be told.
RSSO_PHP=
if test "$PHP_CONFIG" != php-config; then
  RSSO_PHP="PHP=$PHP_EXECUTABLE PHP_CONFIG=`command -v "$PHP_CONFIG" | xargs realpath`"
fi
PHP_SUBST([CARGO])
PHP_SUBST([RSSO_PHP])
PHP_MODULES="$PHP_MODULES \$(phplibdir)/rsso.so"
PHP_ADD_MAKEFILE_FRAGMENT([$abs_srcdir/Makefile.frag], [$abs_srcdir], [$abs_builddir])
