# Read by ctest before it runs tests: none of them uses, or adds to, what the user's own runs have kept.
set(ENV{JIT161_CACHE} off)
# The leak checker of GCC 12 may crash while it looks for pointers in the thread-local storage of libLLVM, which is loaded late.
set(ENV{LSAN_OPTIONS} "use_tls=0:print_suppressions=0:suppressions=${CMAKE_CURRENT_LIST_DIR}/leaks.supp")
set(ENV{TSAN_OPTIONS} "print_suppressions=0:suppressions=${CMAKE_CURRENT_LIST_DIR}/threads.supp")
