package io.quorate.benchmarks.compare;

/**
 * One line of the result: one kernel at one size on so many threads.
 *
 * @param n rows that attend over themselves
 * @param nanos of a call in the middle slice
 * @param bestNanos of a call in the fastest slice
 * @param gflops at 4 n n d operations a call, in the middle slice
 * @param peakFraction gflops over the middle slice of the FMA peak loop, measured in the same turns
 * @param relativeError largest difference from float64 over the largest reference value
 * @param bytesPerOp bytes of Java memory allocated a call, by all threads
 * @param slices how many were measured
 */
record KernelRow(
        int n,
        int threads,
        String kernel,
        double nanos,
        double bestNanos,
        double gflops,
        double peakFraction,
        double peakGflops,
        double relativeError,
        double bytesPerOp,
        int slices) {}
