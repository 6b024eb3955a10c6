// What a board is made of. schema.json is made from this and the types of Grafana's own package: README.md says how.
import type * as dashboard from '@grafana/schema/types/raw/dashboard/x/types.gen';
import type * as geomap from '@grafana/schema/types/raw/composable/geomap/panelcfg/x/types.gen';
import type * as stat from '@grafana/schema/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as statetimeline from '@grafana/schema/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as table from '@grafana/schema/types/raw/composable/table/panelcfg/x/types.gen';
import type * as timeseries from '@grafana/schema/types/raw/composable/timeseries/panelcfg/x/types.gen';
import type { DataQuery } from '@grafana/schema';

// Ours: the package has no types of the Prometheus data source, which reads these fields.
interface Query extends DataQuery {
  expr: string;
  datasource: dashboard.DataSourceRef;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
}

type Annotation = Omit<dashboard.AnnotationQuery, 'target'> & {
  target: Query;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
};

export interface Board {
  dashboard: Omit<dashboard.Dashboard, 'annotations'> & { annotations: { list: Annotation[] } };
  query: Query;
  options: {
    geomap: geomap.Options;
    stat: stat.Options;
    'state-timeline': statetimeline.Options;
    table: table.Options;
    timeseries: timeseries.Options;
  };
  custom: {
    'state-timeline': statetimeline.FieldConfig;
    table: table.FieldConfig;
    timeseries: timeseries.FieldConfig;
  };
}
