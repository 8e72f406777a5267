package io.quorate.kernels.graph;

import io.quorate.kernels.memory.FloatSlab;

/**
 * Cosines and sines of {@link RopeAngles}, rounded to float32, in the form that the rotation reads: for each node a row of
 * cosines c0 c0 c1 c1 ... and a row of sines -s0 s0 -s1 s1 ..., as long as a head. From {@link StrictMath}, so that every machine
 * has the same bits. Built once for a graph; any number of threads may read it. Owns off-heap memory.
 */
public final class RopeTable implements AutoCloseable {
    private final int nodes;
    private final int pairs;
    private final boolean isIdentity;
    private final FloatSlab slab;

    public RopeTable(final RopeAngles angles) {
        this.nodes = angles.nodes();
        this.pairs = angles.pairs();
        this.isIdentity = angles.isZero();
        this.slab = FloatSlab.allocate(4L * nodes * pairs);
        final float[] cosines = new float[2 * pairs];
        final float[] sines = new float[2 * pairs];
        final var rows = slab.matrix(0, 2 * nodes, 2 * pairs);
        for (int node = 0; node < nodes; node++) {
            for (int pair = 0; pair < pairs; pair++) {
                final double angle = angles.angle(node, pair);
                final float sine = (float) StrictMath.sin(angle);
                cosines[2 * pair] = (float) StrictMath.cos(angle);
                cosines[2 * pair + 1] = cosines[2 * pair];
                sines[2 * pair] = -sine;
                sines[2 * pair + 1] = sine;
            }
            rows.setRow(2 * node, cosines);
            rows.setRow(2 * node + 1, sines);
        }
    }

    public int nodes() {
        return nodes;
    }

    /** Floats of a head: two a rotary pair. */
    public int headDim() {
        return 2 * pairs;
    }

    /** True if every angle is 0: rows are then copied, bit for bit. */
    public boolean isIdentity() {
        return isIdentity;
    }

    public long lengthBytes() {
        return slab.lengthBytes();
    }

    /** The cosines of node 0; the row of node i starts 2 i rows later, its sines one row after it. */
    long address() {
        if (!slab.segment().scope().isAlive()) {
            throw new IllegalStateException("the table of angles has been closed");
        }
        return slab.segment().address();
    }

    @Override
    public void close() {
        slab.close();
    }
}
