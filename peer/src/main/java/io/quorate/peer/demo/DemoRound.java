package io.quorate.peer.demo;

import java.util.List;

/**
 * One question of the demo and what each peer will say to it.
 *
 * @param name of the round
 * @param parts by rising peer id
 */
record DemoRound(String name, List<Part> parts) {
    /**
     * What one peer says.
     *
     * @param vector null to let the peer embed the content
     */
    record Part(int peerId, String type, String content, float[] vector) {}
}
