/* Tells cov-trace in which context a program is: COV_TRACE_CONTEXT("login") says that what runs from here on belongs to the
   label "login", in this process and in the children that it makes; COV_TRACE_CONTEXT(NULL) goes back to the one before.

   It needs no library. It leaves one `nop` in the code, which is all that it costs where nobody measures, and a note that says
   where that is, as <sys/sdt.h> of SystemTap writes it: DTRACE_PROBE1(cov_trace, context, label) of that is the same. */
#ifndef COV_TRACE_CONTEXT
#if defined(__x86_64__) && defined(__ELF__)
#define COV_TRACE_CONTEXT(label)                                                    \
    __asm__ volatile("990: nop\n"                                                   \
                     ".pushsection .note.stapsdt, \"?\", \"note\"\n"                \
                     ".balign 4\n"                                                  \
                     ".4byte 992f - 991f, 994f - 993f, 3\n"                         \
                     "991: .asciz \"stapsdt\"\n"                                    \
                     "992: .balign 4\n"                                             \
                     "993: .8byte 990b, _.stapsdt.base, 0\n"                        \
                     ".asciz \"cov_trace\", \"context\", \"8@%%rdi\"\n"             \
                     "994: .balign 4\n"                                             \
                     ".popsection\n"                                                \
                     ".ifndef _.stapsdt.base\n"                                     \
                     ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n" \
                     ".weak _.stapsdt.base\n"                                       \
                     ".hidden _.stapsdt.base\n"                                     \
                     "_.stapsdt.base: .space 1\n"                                   \
                     ".size _.stapsdt.base, 1\n"                                    \
                     ".popsection\n"                                                \
                     ".endif\n"                                                     \
                     :                                                              \
                     : "D"((const char *)(label))                                   \
                     : "memory")
#else
#define COV_TRACE_CONTEXT(label) ((void)(label))
#endif
#endif
