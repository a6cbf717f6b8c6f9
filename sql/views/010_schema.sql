create schema v1;
comment on schema v1 is
  'The public contract of Espalier: views, and the rule of their verdicts; columns are added, never changed or taken away. Version 1.';
