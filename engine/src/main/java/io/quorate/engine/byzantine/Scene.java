package io.quorate.engine.byzantine;

/** What the world lets a liar do beyond sending: little, and nothing that a real peer with its own key could not. */
public interface Scene {
    /** True from the moment on that the peer lies; until then it is correct. */
    boolean isLying();

    int peerCount();

    /** True if its own core is the primary of its view. */
    boolean isPrimary();

    /** After how long the others leave a primary. */
    long timeoutNs();

    /** Does something later; never if the peer has crashed by then. */
    void later(long delayNs, Runnable action);

    /** Offers a frame in the name of another peer. The links are authenticated, so it must be dropped. */
    void forge(int asPeerId, int receiverId, int lengthBytes);

    /** The peer lied to another one, or kept something from it. */
    void lied(int receiverId);
}
