/* What jit161-bench measures; each function registers its group's benchmarks. */
#ifndef JIT161_BENCH_MICRO_GROUPS_H
#define JIT161_BENCH_MICRO_GROUPS_H

void register_frontend(void);  /* decoding, lifting, passes: per guest instruction */
void register_compile(void);   /* code generation: per guest instruction */
void register_memory(void);    /* loads and stores: kseg0, soft TLB hit and miss, devices */
void register_control(void);   /* dispatch, chaining, indirect jumps, exceptions, TLB refills */
void register_sensitive(void); /* each sensitive instruction under each policy */

#endif
