package io.quorate.benchmarks.sides;

import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.agrona.CloseHelper;

/**
 * UDP ports of the loopback interface that nobody uses. Below those that systems give to whoever asks for any port: Aeron Cluster and
 * its clients open many such, and one of them could else take a port between its choice and its use.
 */
public final class LocalPorts {
    static final int FIRST = 15_000;
    static final int LAST = 32_000;
    private static final int TRIES = 10_000;

    private LocalPorts() {}

    /** So many different ones; free when this returns. */
    public static int[] free(final int count) {
        final SplittableRandom random = new SplittableRandom();
        final List<DatagramSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < TRIES && sockets.size() < count; i++) {
                final int port = random.nextInt(FIRST, LAST + 1);
                try {
                    sockets.add(new DatagramSocket(port, InetAddress.getLoopbackAddress()));
                } catch (final SocketException taken) {
                    // By somebody else, or by this very choice: another one.
                    continue;
                }
            }
            if (sockets.size() < count) {
                throw new IllegalStateException(
                        "no " + count + " free UDP ports on loopback from " + FIRST + " to " + LAST);
            }
            return sockets.stream().mapToInt(DatagramSocket::getLocalPort).toArray();
        } finally {
            CloseHelper.closeAll(sockets);
        }
    }
}
