package io.quorate.benchmarks.sides;

import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.logbuffer.Header;
import org.agrona.DirectBuffer;

/** The least that a clustered service can do: the reply is the request. */
final class EchoService implements ClusteredService {
    private Cluster cluster;

    @Override
    public void onStart(final Cluster started, final Image snapshot) {
        cluster = started;
    }

    @Override
    public void onSessionMessage(
            final ClientSession session,
            final long timestamp,
            final DirectBuffer buffer,
            final int offset,
            final int length,
            final Header header) {
        if (session == null) {
            return;
        }
        final Deadline deadline = new Deadline("the cluster's client does not take a reply");
        while (session.offer(buffer, offset, length) < 0) {
            deadline.check();
            cluster.idleStrategy().idle();
        }
    }

    @Override
    public void onSessionOpen(final ClientSession session, final long timestamp) {}

    @Override
    public void onSessionClose(final ClientSession session, final long timestamp, final CloseReason closeReason) {}

    @Override
    public void onTimerEvent(final long correlationId, final long timestamp) {}

    @Override
    public void onTakeSnapshot(final ExclusivePublication snapshotPublication) {}

    @Override
    public void onRoleChange(final Cluster.Role newRole) {}

    @Override
    public void onTerminate(final Cluster terminated) {}
}
