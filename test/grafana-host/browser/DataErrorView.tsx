/** In the place of Grafana's own view of panels without data: shows the message of the panel. */
export function DataErrorView({ message }: { readonly message?: string }) {
  return (
    <div
      data-testid="panel-data-error"
      style={{ display: 'grid', placeItems: 'center', height: '100%', padding: 16 }}
    >
      {message ?? 'No data'}
    </div>
  );
}
