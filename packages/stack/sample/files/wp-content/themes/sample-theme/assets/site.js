(() => {
  window.sampleSite = { home: '{{url}}/', api: '{{url}}/wp-json/' };
})();
