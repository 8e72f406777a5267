package io.quorate.engine.node;

/** Gets what a member's vector became among its neighbours. */
@FunctionalInterface
public interface VectorListener {
    /**
     * A run is over for this member. Others end with states near this one, not equal to it: to agree on one, each contributes its own to an
     * ordered round.
     *
     * @param session of the run
     * @param state the vector after R rounds; the listener's own
     * @param neighbours with how many it was averaged, if all of them spoke
     */
    void onVector(long session, float[] state, int neighbours);
}
