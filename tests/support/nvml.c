/* NVML as its documentation says that it behaves, with three GPUs: an A10, an A100 in MIG mode with two instances in
   seven places, and another A10. FAKE_NVML names what is wrong, FAKE_PID whose process runs, or FAKE_PIDS a file with
   those on the first GPU; who asks for processes waits while there is a file FAKE_HANG. Compiled with -DOLD it is a
   library that lacks what came with later drivers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

enum { SUCCESS, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
       DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, VERSION_MISMATCH = 18, ARGUMENT_VERSION_MISMATCH = 25 };
#define GIB (1ULL << 30)
#define NOT_AVAILABLE (~0ULL)

typedef struct card { int index, instance; } *Card;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory2;
typedef struct { unsigned pid; unsigned long long memory; unsigned gpu, compute; } Process;
typedef struct { unsigned pid; unsigned long long time; unsigned sm, mem, enc, dec; } Sample;
typedef struct { unsigned gpu, memory; } Rates;
typedef struct { unsigned version; unsigned sensor; int temperature; } Temperature;

static struct card gpus[3] = {{0, -1}, {1, -1}, {2, -1}}, instances[2] = {{1, 0}, {1, 2}};
static int opened, crowd;

static int is(const char *wrong) {
    const char *all = getenv("FAKE_NVML");
    return all && strstr(all, wrong);
}

/* What every question answers before it looks at what is asked. */
static int refused(Card card) {
    if (!opened) return UNINITIALIZED;
    if (!card) return INVALID_ARGUMENT;
    if (card->index == 2 && is("lost-while-open")) return GPU_IS_LOST;
    return SUCCESS;
}
#define ASK(card) do { int why = refused(card); if (why) return why; } while (0)
#define OF_GPUS(card) do { ASK(card); if ((card)->instance >= 0) return NOT_SUPPORTED; } while (0)

int nvmlInitWithFlags(unsigned flags) {
    if (is("no-driver")) return DRIVER_NOT_LOADED;
    if (is("updated")) return VERSION_MISMATCH;
    opened++;
    return SUCCESS;
}
int nvmlShutdown(void) {
    if (!opened) return UNINITIALIZED;
    opened--;
    return SUCCESS;
}
const char *nvmlErrorString(int code) { return code ? "An error" : "The operation was successful"; }
int nvmlDeviceGetCount_v2(unsigned *count) {
    if (!opened) return UNINITIALIZED;
    *count = is("no-gpu") ? 0 : 3;
    return SUCCESS;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Card *card) {
    if (!opened) return UNINITIALIZED;
    if (index > 2) return INVALID_ARGUMENT;
    if (index == 2 && is("not-mine")) return NO_PERMISSION;
    if (index == 2 && is("fallen-off")) return GPU_IS_LOST;
    *card = &gpus[index];
    return SUCCESS;
}
int nvmlDeviceGetName(Card card, char *name, unsigned length) {
    ASK(card);
    if (is("no-text")) { strcpy(name, "\xff\xfe"); return SUCCESS; }
    const char *its = card->index != 1 ? "NVIDIA A10" : card->instance < 0 ? "NVIDIA A100-SXM4-40GB"
                    : "NVIDIA A100-SXM4-40GB MIG 1g.5gb";
    if (strlen(its) >= length) return INSUFFICIENT_SIZE;
    strcpy(name, its);
    return SUCCESS;
}
int nvmlDeviceGetUUID(Card card, char *uuid, unsigned length) {
    ASK(card);
    if (card->instance < 0) snprintf(uuid, length, "GPU-%d", card->index);
    else snprintf(uuid, length, "MIG-%d-%d", card->index, card->instance);
    return SUCCESS;
}
int nvmlDeviceGetMigMode(Card card, unsigned *current, unsigned *pending) {
    OF_GPUS(card);
    if (card->index != 1) return NOT_SUPPORTED;
    *current = *pending = !is("undivided");
    return SUCCESS;
}
int nvmlDeviceGetMaxMigDeviceCount(Card card, unsigned *count) { ASK(card); *count = 7; return SUCCESS; }
int nvmlDeviceGetMigDeviceHandleByIndex(Card card, unsigned index, Card *instance) {
    ASK(card);
    if (card->index != 1) return NOT_SUPPORTED;
    if (index == 2 && is("other-tenant")) return NO_PERMISSION;
    if (index != 0 && index != 2) return NOT_FOUND;
    *instance = &instances[index / 2];
    return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(Card card, Memory *memory) {
    ASK(card);
    *memory = (Memory){24 * GIB, 20 * GIB, 4 * GIB}; /* with what is reserved */
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(Card card, Rates *rates) {
    OF_GPUS(card);
    if (card->index == 1 && !is("undivided")) return NOT_SUPPORTED;
    *rates = (Rates){83, 41};
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(Card card, unsigned *milliwatts) {
    OF_GPUS(card);
    if (is("no-power")) return NOT_SUPPORTED;
    *milliwatts = 148250;
    return SUCCESS;
}
int nvmlDeviceGetEnforcedPowerLimit(Card card, unsigned *milliwatts) {
    OF_GPUS(card);
    *milliwatts = 150000;
    return SUCCESS;
}
int nvmlDeviceGetTemperature(Card card, unsigned sensor, unsigned *degrees) {
    OF_GPUS(card);
    *degrees = 66;
    return SUCCESS;
}
int nvmlDeviceGetClockInfo(Card card, unsigned which, unsigned *mhz) {
    OF_GPUS(card);
    *mhz = which == 1 ? 1410 : which == 2 ? 6251 : 0;
    return SUCCESS;
}
int nvmlDeviceGetMaxClockInfo(Card card, unsigned which, unsigned *mhz) {
    OF_GPUS(card);
    *mhz = which == 1 ? 1695 : 6251;
    return SUCCESS;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(Card card, unsigned long long *reasons) {
    OF_GPUS(card);
    *reasons = 0x1 | 0x2 | 0x4; /* idle, clocks as asked for, power cap */
    return SUCCESS;
}
/* The first call asks for the size, with none given. */
static int listed(const Process *its, unsigned has, unsigned *count, Process *out) {
    unsigned room = *count;
    *count = has;
    if (room < has) return INSUFFICIENT_SIZE;
    if (has) memcpy(out, its, has * sizeof *its);
    return SUCCESS;
}
/* Processes that have 1 GiB, 2 GiB and so on. */
static int of_file(Process *its) {
    unsigned has = 0;
    FILE *file = fopen(getenv("FAKE_PIDS"), "r");
    while (file && has < 60 && fscanf(file, "%u", &its[has].pid) == 1) its[has].memory = (has + 1) * GIB, has++;
    if (file) fclose(file);
    return has;
}
int nvmlDeviceGetComputeRunningProcesses_v2(Card card, unsigned *count, Process *out) {
    ASK(card);
    while (getenv("FAKE_HANG") && !access(getenv("FAKE_HANG"), F_OK)) usleep(10000); /* as in a kernel that waits */
    unsigned mine = getenv("FAKE_PID") ? atoi(getenv("FAKE_PID")) : 0;
    Process its[60] = {{mine, 3 * GIB, -1, -1}, {4242, NOT_AVAILABLE - is("nonsense"), -1, -1}};
    if (card->index == 1 && card->instance < 0 && !is("undivided")) return NO_PERMISSION;
    if (card->index == 1 && !mine) return listed(its, 0, count, out);
    if (card->index == 1) { its[0].memory = GIB; return listed(its, card->instance == 0, count, out); }
    if (card->index == 2) return listed(its, 0, count, out);
    if (getenv("FAKE_PIDS")) return listed(its, of_file(its), count, out);
    if (!is("crowd")) return listed(its, 2, count, out);
    for (int at = 2; at < 60; at++) its[at] = (Process){5000 + at, GIB / 64, -1, -1};
    return listed(its, crowd++ ? 60 : 2, count, out); /* many have come since the size was asked */
}
int nvmlDeviceGetMPSComputeRunningProcesses_v2(Card card, unsigned *count, Process *out) {
    ASK(card);
    if (card->instance >= 0) return NOT_SUPPORTED;
    Process its[1] = {{777, GIB / 2, -1, -1}};
    return listed(its, card->index == 0, count, out);
}
int nvmlDeviceGetProcessUtilization(Card card, Sample *out, unsigned *count, unsigned long long since) {
    OF_GPUS(card);
    if (card->index == 1) return NOT_SUPPORTED;
    if (is("idle")) return NOT_FOUND;
    if (is("silent")) { *count = 0; return SUCCESS; }
    unsigned long long now = time(NULL) * 1000000ULL;
    unsigned mine = getenv("FAKE_PID") ? atoi(getenv("FAKE_PID")) : 0, room = out ? *count : 0;
    Sample its[] = {{mine, now, 57, 20, 0, 0}, {mine, now - 500000, 99, 20, 0, 0}, {777, now, 4294967, 0, 0, 0},
                    {4242, now - 60000000, 88, 0, 0, 0}};
    *count = 3 + (its[3].time > since);
    if (room < *count) return INSUFFICIENT_SIZE;
    memcpy(out, its, *count * sizeof *its);
    return SUCCESS;
}

#ifndef OLD
int nvmlDeviceGetComputeRunningProcesses_v3(Card card, unsigned *count, Process *out) {
    return nvmlDeviceGetComputeRunningProcesses_v2(card, count, out);
}
int nvmlDeviceGetMPSComputeRunningProcesses_v3(Card card, unsigned *count, Process *out) {
    return nvmlDeviceGetMPSComputeRunningProcesses_v2(card, count, out);
}
int nvmlDeviceGetMemoryInfo_v2(Card card, Memory2 *memory) {
    ASK(card);
    if (memory->version != (sizeof *memory | 2 << 24) || is("newer")) return ARGUMENT_VERSION_MISMATCH;
    *memory = (Memory2){memory->version, 24 * GIB, GIB, 20 * GIB, 3 * GIB};
    return SUCCESS;
}
int nvmlDeviceGetTemperatureV(Card card, Temperature *temperature) {
    OF_GPUS(card);
    if (temperature->version != (sizeof *temperature | 1 << 24) || is("newer")) return ARGUMENT_VERSION_MISMATCH;
    temperature->temperature = 67;
    return SUCCESS;
}
int nvmlDeviceGetCurrentClocksEventReasons(Card card, unsigned long long *reasons) {
    OF_GPUS(card);
    *reasons = 0x4 | 0x20 | 0x100;
    return SUCCESS;
}
#endif
